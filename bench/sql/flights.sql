create temp table ranking as
select f.*, a.name as airport, a.city, a.state from (
  select origin, count(*) as flights, avg(delay) as mean_delay, sum(case when delay > 15 then 1 else 0 end) / count(*) as late_share, max(delay) as worst
  from 'node_modules/vega-datasets/data/flights-3m.parquet' where delay is not null group by origin having count(*) >= 5000
) f join 'node_modules/vega-datasets/data/airports.csv' a on f.origin = a.iata;
copy (select origin, airport, city, state, flights, round(mean_delay, 2) as mean_delay, round(late_share, 4) as late_share, worst from ranking order by mean_delay desc, origin) to 'out/duck-flights-ranking.csv' (header);
select origin, round(mean_delay, 2), flights from ranking order by 2 desc, origin limit 10;
