create temp table zips as
select * replace (if(city = 'TRUE', 'True', city) as city), if(city = 'TRUE', 'True', city) || ', ' || state as place
from read_csv('node_modules/vega-datasets/data/zipcodes.csv',
  columns = {zip_code: 'varchar', latitude: 'double', longitude: 'double', city: 'varchar', state: 'varchar', county: 'varchar'});
copy (select * from zips order by state, zip_code) to 'out/duck-zipcodes.parquet';
select state, count(*), count(distinct city), round(max(latitude) - min(latitude), 3) as span from zips group by state order by span desc, state limit 5;
