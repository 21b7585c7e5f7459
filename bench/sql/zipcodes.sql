create temp table zips as select * from read_csv('node_modules/vega-datasets/data/zipcodes.csv', types = {'zip_code': 'varchar'}) where state is not null;
copy (select *, city || ', ' || state as place from zips order by state, zip_code) to 'out/duck-zipcodes.parquet';
select state, count(*), count(distinct city), round(max(latitude) - min(latitude), 3) as span from zips group by state order by span desc, state limit 5;
