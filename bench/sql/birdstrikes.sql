copy (
  select "Phase of flight" as phase, "Wildlife Size" as size, count(*) as strikes, count(*) filter ("Cost Total $" > 0) as with_cost,
    sum("Cost Total $") as total_cost, max("Cost Total $") as dearest, count(distinct "Wildlife Species") as species
  from 'node_modules/vega-datasets/data/birdstrikes.csv' where "Phase of flight" is not null group by all order by total_cost desc nulls last, phase, size
) to 'out/duck-birdstrikes.csv' (header);
