create temp table movies as
select *, case when year(released) > 2012 then year(released) - 100 else year(released) end as year from (
  select "Title" as title, coalesce("Major Genre", 'Unknown') as genre, nullif("Production Budget", 0) as budget, nullif("Worldwide Gross", 0) as gross,
    try_strptime("Release Date", '%b %d %Y') as released, "IMDB Rating" as rating, "IMDB Votes" as votes
  from read_json('node_modules/vega-datasets/data/movies.json', columns = {"Title": 'varchar', "Major Genre": 'varchar', "Production Budget": 'bigint',
    "Worldwide Gross": 'bigint', "Release Date": 'varchar', "IMDB Rating": 'double', "IMDB Votes": 'bigint'})
);
copy (
  select *, round(earned / spent, 2) as back from (
    select genre, year // 10 * 10 as decade, count(*) as movies, sum(budget) as spent, sum(gross) as earned, round(avg(rating), 2) as rating
    from movies where budget is not null and gross is not null group by all having count(*) >= 10
  ) order by back desc, genre, decade
) to 'out/duck-movies-by-genre.ndjson' (format json);
select title, year, year(released) as was from movies where year < year(released) order by year, title limit 5;
select title, count(*) as versions, min(year), max(year) from movies group by title having count(*) > 1 order by max(year) - min(year) desc, title limit 5;
select title, genre, rating, votes, year from movies where votes >= 100000 order by rating desc, title limit 10;
