"""A contestant in Python: Polars, pandas, Dask or Ray. Speaks the lines of bench/suites/lib/race.mjs on standard input and output.

A job's `work` is plain data (`kind` and what it needs); each library has a class with a method for each kind that it can do.
"""

import json
import math
import sys
import time

TYPES = {"int": "int64", "float": "float64", "string": "object", "date": "object"}


def say(**what):
    print(json.dumps({"bench": True, **what}, separators=(",", ":"), default=str), flush=True)


def finite(values):
    return float(sum(v for v in values if v is not None and math.isfinite(v)))


class Pandas:
    """Frames in memory; files are read within the run unless the input is memory."""

    def __init__(self, job):
        import pandas

        self.pd = pandas
        self.version = pandas.__version__
        self.job = job
        self.loaded = {n: self.read(f) for n, f in job["tables"].items()} if job["input"] == "memory" else None

    def read(self, files):
        if self.job["input"] != "csv":
            return self.pd.read_parquet(files["parquet"])
        types = {n: TYPES[t.replace("?", "")] for n, t in files["columns"]}
        return self.pd.read_csv(files["csv"], dtype=types)

    def table(self, name):
        return self.loaded[name] if self.loaded else self.read(self.job["tables"][name])

    def value(self, frame):
        return frame

    def reduce(self, frame, sums):
        return [[len(frame), *[finite(frame[c].astype("float64")) for c in sums]]]

    def group(self, work):
        x = self.table("x")
        by = work["by"]
        if work.get("top"):
            column, n = work["top"]["column"], work["top"]["n"]
            best = x[[*by, column]].sort_values(column, ascending=False).groupby(by).head(n)
            return self.reduce(self.value(best), work["sums"])
        if any(a[1] == "corr" for a in work["aggs"]):
            (name, _, left, right), = work["aggs"]
            r = x[[*by, left, right]].groupby(by)[[left, right]].corr().iloc[0::2][right]
            out = self.value(r.reset_index().rename(columns={right: name}))
        else:
            names = {"sd": "std", "count": "size"}
            items = {a[0]: (a[2] if len(a) > 2 else by[0], names.get(a[1], a[1])) for a in work["aggs"]}
            out = self.value(x.groupby(by).agg(**items))
        post = work.get("post")
        if post:
            a, b = (out[c] for c in post["of"])
            out[post["name"]] = a - b if post["op"] == "-" else a * b
        return self.reduce(out, work["sums"])

    def join(self, work):
        joined = self.table("x").merge(self.table(work["right"]), on=work["on"], how=work["how"], suffixes=("", "_r"))
        frame = self.value(joined)
        row = [len(frame), float(frame["v1"].sum()), float(frame["v2"].sum())]
        for c in work["wide"]:
            row += [frame[c].max(), frame[f"{c}_r"].max()]
        return [[v.item() if hasattr(v, "item") else v for v in row]]

    def sort(self, work):
        columns, falls = zip(*work["keys"])
        frame = self.table("t").sort_values(list(columns), ascending=[not f for f in falls])
        if work["take"]:
            return frame.head(work["take"]).values.tolist()
        frame.to_parquet(self.job["out"], compression="snappy", index=False)
        return []

    def totals(self, work):
        t = self.table("trades")
        row = [len(t)]
        for column, f in work["totals"]:
            v = getattr(t[column], f)()
            row.append(v.item() if hasattr(v, "item") else str(v))
        return [row]

    def grouped(self, work):
        g = self.table("trades").groupby(work["by"])[work["sum"]].agg(["size", "sum"])
        return [[k, int(n), float(s)] for k, n, s in self.value(g).sort_index().itertuples()]

    def filtered(self, work):
        t = self.table("trades")
        f = self.value(t[(t["id"] >= work["low"]) & (t["id"] < work["high"])])
        return [[len(f), int(f["quantity"].sum()), float(f["price"].sum()), f["name"].max()]]


class Dask(Pandas):
    """Lazy frames over the files, on as many threads as the job has; what comes out is a pandas frame."""

    def __init__(self, job):
        import dask
        import dask.dataframe

        dask.config.set(scheduler="threads", num_workers=job["threads"])
        self.dask = dask
        self.dd = dask.dataframe
        self.version = dask.__version__
        self.job = job
        self.loaded = None

    def read(self, files):
        if self.job["input"] != "csv":
            return self.dd.read_parquet(files["parquet"])
        types = {n: TYPES[t.replace("?", "")] for n, t in files["columns"]}
        return self.dd.read_csv(files["csv"], dtype=types)

    def value(self, frame):
        return frame.compute()

    def group(self, work):
        if work.get("top") or any(a[1] in ("corr",) for a in work["aggs"]):
            raise NotImplementedError("dask has no such group-by without functions of Python")
        return super().group(work)

    def totals(self, work):
        t = self.table("trades")
        parts = self.dask.compute(*[getattr(t[c], f)() for c, f in work["totals"]], t.shape[0])
        row = [v.item() if hasattr(v, "item") else str(v) for v in parts]
        return [[row[-1], *row[:-1]]]


class PyPolars:
    """Lazy frames over the files, or frames in memory."""

    def __init__(self, job):
        import polars

        self.pl = polars
        self.version = polars.__version__
        self.job = job
        frames = {n: self.scan(f) for n, f in job["tables"].items()}
        self.frames = {n: f.collect().lazy() for n, f in frames.items()} if job["input"] == "memory" else frames

    def scan(self, files):
        if self.job["input"] != "csv":
            return self.pl.scan_parquet(files["parquet"])
        types = {"int": self.pl.Int64, "float": self.pl.Float64, "string": self.pl.String, "date": self.pl.Date}
        return self.pl.scan_csv(files["csv"], schema={n: types[t.replace("?", "")] for n, t in files["columns"]})

    def rows(self, frame):
        return [list(row) for row in frame.collect().rows()]

    def group(self, work):
        pl, x = self.pl, self.frames["x"]
        make = {
            "count": lambda: pl.len(),
            "corr": lambda a, b: pl.corr(a, b),
            "sd": lambda a: pl.col(a).std(),
        }
        if work.get("top"):
            column = work["top"]["column"]
            out = x.group_by(work["by"]).agg(pl.col(column).top_k(work["top"]["n"])).explode(column)
        else:
            items = [
                (make[f](*args) if f in make else getattr(pl.col(args[0]), f)()).alias(name)
                for name, f, *args in work["aggs"]
            ]
            out = x.group_by(work["by"]).agg(*items)
        post = work.get("post")
        if post:
            a, b = (pl.col(c) for c in post["of"])
            out = out.with_columns((a - b if post["op"] == "-" else a * b).alias(post["name"]))
        sums = [pl.col(c).cast(pl.Float64) for c in work["sums"]]
        return self.rows(out.select(pl.len().alias("n"), *[s.filter(s.is_finite()).sum() for s in sums]))

    def join(self, work):
        pl = self.pl
        right = self.frames[work["right"]]
        joined = self.frames["x"].join(right, on=work["on"], how=work["how"], suffix="_r", coalesce=False)
        maxima = []
        for c in work["wide"]:
            maxima += [pl.col(c).max().alias(f"a_{c}"), pl.col(f"{c}_r").max().alias(f"b_{c}")]
        return self.rows(joined.select(pl.len().alias("n"), pl.col("v1").sum(), pl.col("v2").sum(), *maxima))

    def sort(self, work):
        columns, falls = zip(*work["keys"])
        frame = self.frames["t"].sort(list(columns), descending=list(falls), nulls_last=True)
        if work["take"]:
            return self.rows(frame.head(work["take"]))
        frame.sink_parquet(self.job["out"], compression="snappy")
        return []

    def totals(self, work):
        items = [getattr(self.pl.col(c), f)() for c, f in work["totals"]]
        return self.rows(self.frames["trades"].select(self.pl.len().alias("n"), *items))

    def grouped(self, work):
        by = self.frames["trades"].group_by(work["by"])
        return self.rows(by.agg(self.pl.len().alias("n"), self.pl.col(work["sum"]).sum()).sort(work["by"]))

    def filtered(self, work):
        pl = self.pl
        f = self.frames["trades"].filter((pl.col("id") >= work["low"]) & (pl.col("id") < work["high"]))
        return self.rows(f.select(pl.len(), pl.col("quantity").sum(), pl.col("price").sum(), pl.col("name").max()))


class Ray:
    """Ray Data over the files: group-by of sums, means, extremes and counts, and what is filtered."""

    def __init__(self, job):
        import ray
        import ray.data

        ray.init(num_cpus=job["threads"], log_to_driver=False, include_dashboard=False)
        ray.data.DataContext.get_current().enable_progress_bars = False
        self.ray = ray
        self.version = ray.__version__
        self.job = job

    def table(self, name):
        files = self.job["tables"][name]
        data = self.ray.data
        return data.read_csv(files["csv"]) if self.job["input"] == "csv" else data.read_parquet(files["parquet"])

    def group(self, work):
        from ray.data.aggregate import Count, Max, Mean, Min, Std, Sum

        kinds = {"sum": Sum, "mean": Mean, "max": Max, "min": Min, "sd": Std}
        if work.get("top") or any(a[1] not in (*kinds, "count") for a in work["aggs"]):
            raise NotImplementedError("Ray Data has no such aggregate")
        items = [
            Count(alias_name=a[0]) if a[1] == "count" else kinds[a[1]](a[2], alias_name=a[0]) for a in work["aggs"]
        ]
        out = self.table("x").groupby(work["by"]).aggregate(*items).to_pandas()
        post = work.get("post")
        if post:
            a, b = (out[c] for c in post["of"])
            out[post["name"]] = a - b if post["op"] == "-" else a * b
        return [[len(out), *[finite(out[c].astype("float64")) for c in work["sums"]]]]

    def grouped(self, work):
        from ray.data.aggregate import Count, Sum

        items = [Count(alias_name="n"), Sum(work["sum"], alias_name="total")]
        out = self.table("trades").groupby(work["by"]).aggregate(*items).to_pandas().sort_values(work["by"])
        return [[k, int(n), float(s)] for k, n, s in zip(out[work["by"]], out["n"], out["total"])]


LIBRARIES = {"pandas": Pandas, "dask": Dask, "py-polars": PyPolars, "ray": Ray}


def main():
    library = None
    work = None
    for line in sys.stdin:
        message = json.loads(line)
        try:
            if "job" in message:
                job = message["job"]
                work = job["work"]
                started = time.perf_counter()
                library = LIBRARIES[job["peer"]](job)
                loaded = (time.perf_counter() - started) * 1000 if job["input"] == "memory" else 0
                say(ready=True, version=library.version, loadMs=loaded)
                continue
            run = getattr(library, work["kind"], None)
            if run is None:
                raise NotImplementedError(f"{type(library).__name__} does no {work['kind']} here")
            started = time.perf_counter()
            rows = run(work)
            say(ran=True, ms=(time.perf_counter() - started) * 1000, rows=rows, figures={})
        except Exception as error:  # whatever a library raises is its answer
            say(failed=f"{type(error).__name__}: {error}"[:2000])


main()
