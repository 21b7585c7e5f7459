create temp table airports as select * from 'node_modules/vega-datasets/data/airports.csv' where country = 'USA';
create temp table routes as select * from 'node_modules/vega-datasets/data/flights-airport.csv';
create temp table ends as select origin as iata, destination as other, count as flights from routes union all select destination, origin, count from routes;
copy (
  select e.*, a.name, a.state from (select iata, count(distinct other) as routes, sum(flights) as flights from ends group by iata) e
  left join airports a using (iata) order by routes desc, iata
) to 'out/duck-airports.csv' (header);
select state, count(*) as served from airports where iata in (select iata from ends) group by state order by served desc, state limit 5;
select state, count(*) as unserved from airports where iata not in (select iata from ends) group by state order by unserved desc, state limit 5;
