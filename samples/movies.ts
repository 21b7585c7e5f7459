// The same as movies.flow, in TypeScript: node --import tsx samples/movies.ts
import { fileURLToPath } from 'node:url';
import { col, count, desc, flow, fn, json, max, mean, min, ndjson, run, sum } from 'flowc';

const movies = flow(json('node_modules/vega-datasets/data/movies.json'))
  .select({
    title: col('Title'),
    genre: col('Major Genre').coalesce('Unknown'),
    budget: fn('nullif', col('Production Budget'), '0'),
    gross: fn('nullif', col('Worldwide Gross'), '0'),
    released: fn('try_strptime', col('Release Date'), '"%b %d %Y"'),
    rating: col('IMDB Rating'),
    votes: col('IMDB Votes'),
  })
  .derive({ year: 'if(year(released) > 2012, year(released) - 100, year(released))' })
  .named('movies');

export const flows = [
  movies
    .where(col('budget').isNotNull().and(col('gross').isNotNull()))
    .derive({ decade: col('year').intDiv(10).mul(10) })
    .summarize(
      { movies: count(), spent: sum('budget'), earned: sum('gross'), rating: fn('round', mean('rating'), '2') },
      { by: ['genre', 'decade'] },
    )
    .where('movies >= 10')
    .derive({ back: 'round(earned / spent, 2)' })
    .sort(desc('back'), 'genre', 'decade')
    .write(ndjson('out/movies-by-genre.ndjson')),
  movies
    .where('year < year(released)')
    .select('title', 'year', { was: 'year(released)' })
    .sort('year', 'title')
    .take(5),
  movies
    .summarize({ versions: count(), first: min('year'), last: max('year') }, { by: 'title' })
    .where('versions > 1')
    .sort(desc('last - first'), 'title')
    .take(5),
  movies
    .where('votes >= 100_000')
    .sort(desc('rating'), 'title')
    .take(10)
    .select('title', 'genre', 'rating', 'votes', 'year'),
];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { results } = await run(flows);
  for (const { rows } of results) for (const row of rows) console.log(JSON.stringify(row));
}
