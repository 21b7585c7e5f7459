create temp table movies as select "Title" as title, coalesce("Major Genre", 'Unknown') as genre, "Production Budget" as budget, "Worldwide Gross" as gross,
  try_strptime("Release Date"::varchar, '%b %d %Y') as released, "IMDB Rating" as rating, "IMDB Votes" as votes
from read_json('node_modules/vega-datasets/data/movies.json', sample_size = -1);
copy (select genre, year(released) // 10 * 10 as decade, count(*) as movies, sum(budget) as spent, sum(gross) as earned, round(avg(rating), 2) as rating
  from movies where budget > 0 and gross is not null and year(released) // 10 * 10 between 1970 and 2010 group by all having count(*) >= 10 order by sum(gross) / sum(budget) desc)
  to 'out/duck-movies.ndjson' (format json);
select title, genre, rating, votes from movies where votes >= 100000 order by rating desc, title limit 10;
