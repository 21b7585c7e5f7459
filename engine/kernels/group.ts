/** The kernels of grouping: numbering keys, keeping their values, accumulators. Told at their sources, assembly/group_*.ts. */
export interface GroupKernels {
  group_probe(
    slots: number,
    mask: number,
    hashes: number,
    rows: number,
    n: number,
    out: number,
    fresh: number,
    groupHashes: number,
    room: number,
    state: number,
  ): void;
  group_probe_i32(
    slots: number,
    mask: number,
    hashes: number,
    values: number,
    validity: number,
    n: number,
    out: number,
    fresh: number,
    groupHashes: number,
    room: number,
    state: number,
  ): void;
  group_dense(
    values: number,
    validity: number,
    n: number,
    map: number,
    base: number,
    out: number,
    fresh: number,
    groupHashes: number,
    state: number,
  ): void;
  group_range(values: number, validity: number, n: number, state: number): void;
  group_codes(
    codes: number,
    validity: number,
    n: number,
    entries: number,
    map: number,
    out: number,
    fresh: number,
  ): number;
  group_combine(
    values: number,
    validity: number,
    n: number,
    base: number,
    size: number,
    more: number,
    out: number,
  ): void;
  group_name_codes(
    codes: number,
    validity: number,
    entries: number,
    rows: number,
    n: number,
    groups: number,
    map: number,
  ): void;
  group_fill(slots: number, mask: number, groupHashes: number, n: number): void;
  group_fill_i32(slots: number, mask: number, groupHashes: number, n: number, keys: number, none: number): void;
  group_fill_map(map: number, base: number, n: number, keys: number, none: number): void;
  group_order(hashes: number, n: number, order: number, other: number, counts: number): number;

  group_append_i32(values: number, validity: number, rows: number, n: number, doubles: number, nulls: number): void;
  group_append_i64(values: number, validity: number, rows: number, n: number, doubles: number, nulls: number): void;
  group_append_f64(values: number, validity: number, rows: number, n: number, doubles: number, nulls: number): void;
  group_append_bool(values: number, validity: number, rows: number, n: number, doubles: number, nulls: number): void;
  group_verify_i32(
    values: number,
    validity: number,
    rows: number,
    n: number,
    entries: number,
    doubles: number,
    nulls: number,
    bad: number,
  ): number;
  group_verify_i64(
    values: number,
    validity: number,
    rows: number,
    n: number,
    entries: number,
    doubles: number,
    nulls: number,
    bad: number,
  ): number;
  group_verify_f64(
    values: number,
    validity: number,
    rows: number,
    n: number,
    entries: number,
    doubles: number,
    nulls: number,
    bad: number,
  ): number;
  group_verify_bool(
    values: number,
    validity: number,
    rows: number,
    n: number,
    entries: number,
    doubles: number,
    nulls: number,
    bad: number,
  ): number;
  group_text_bytes(offsets: number, codes: number, validity: number, rows: number, n: number): number;
  group_append_text(
    offsets: number,
    bytes: number,
    codes: number,
    validity: number,
    rows: number,
    n: number,
    starts: number,
    sizes: number,
    heap: number,
    used: number,
  ): void;
  group_verify_text(
    offsets: number,
    bytes: number,
    codes: number,
    validity: number,
    rows: number,
    n: number,
    entries: number,
    starts: number,
    sizes: number,
    heap: number,
    bad: number,
    work: number,
  ): number;
  group_offsets(sizes: number, order: number, n: number, offsets: number): number;
  group_texts(starts: number, heap: number, order: number, n: number, offsets: number, out: number): void;
  group_valid_texts(sizes: number, order: number, n: number, bits: number): void;
  group_count_nulls(nulls: number, order: number, n: number): number;
  group_valid(nulls: number, order: number, n: number, bits: number): void;
  group_ints(doubles: number, order: number, n: number, out: number): number;
  group_longs(doubles: number, order: number, n: number, out: number): void;

  group_index(groupOf: number, arrival: number, n: number, groups: number, starts: number, entries: number): void;
  group_list_entries(starts: number, entries: number, order: number, n: number, out: number): void;
  group_of_items(offsets: number, groups: number, n: number, out: number): void;
  group_quantiles(
    doubles: number,
    starts: number,
    entries: number,
    order: number,
    n: number,
    fractions: number,
    unit: number,
    distances: number,
    work: number,
    out: number,
    bits: number,
  ): number;

  group_top_keys(
    kind: number,
    values: number,
    validity: number,
    n: number,
    desc: number,
    first: number,
    out: number,
  ): void;
  group_tops(ids: number, keys: number, n: number, take: number, tops: number, next: number, out: number): number;
  group_top_rows(tops: number, entries: number, rows: number, marks: number, order: number): number;

  fold_count(groups: number, validity: number, n: number, counts: number): void;
  fold_count_trues(groups: number, bits: number, validity: number, n: number, counts: number): void;
  fold_counts_i32(groups: number, values: number, n: number, counts: number): void;
  fold_counts_i64(groups: number, values: number, n: number, counts: number): void;
  fold_sum_i32(groups: number, values: number, validity: number, n: number, lo: number, mid: number): void;
  fold_sum_i64(
    groups: number,
    values: number,
    validity: number,
    n: number,
    lo: number,
    mid: number,
    wide: number,
  ): void;
  fold_sum_triples(
    groups: number,
    values: number,
    validity: number,
    n: number,
    form: number,
    lo: number,
    mid: number,
    top: number,
  ): void;
  fold_sum_limbs(groups: number, low: number, high: number, n: number, lo: number, mid: number): void;
  fold_doubles_f64(groups: number, values: number, validity: number, n: number, hi: number, lo: number): void;
  fold_doubles_i32(groups: number, values: number, validity: number, n: number, hi: number, lo: number): void;
  fold_doubles_i64(groups: number, values: number, validity: number, n: number, hi: number, lo: number): void;
  /** `job`: see engine/aggregates/folds.ts. */
  fold_moments(job: number, two: number): void;
  fold_small_1(groups: number, n: number, records: number, xs: number, xValid: number): void;
  fold_small_2(
    groups: number,
    n: number,
    records: number,
    xs: number,
    xValid: number,
    ys: number,
    yValid: number,
  ): void;
  fold_doubles_merge(groups: number, high: number, low: number, n: number, hi: number, lo: number): void;
  fold_extreme_i32(
    g: number,
    values: number,
    validity: number,
    n: number,
    held: number,
    nulls: number,
    sign: number,
  ): void;
  fold_extreme_i64(
    g: number,
    values: number,
    validity: number,
    n: number,
    held: number,
    nulls: number,
    sign: number,
  ): void;
  fold_extreme_f64(
    g: number,
    values: number,
    validity: number,
    n: number,
    held: number,
    nulls: number,
    sign: number,
  ): void;
  fold_sums(lo: number, mid: number, order: number, n: number, out: number, bits: number): number;
  fold_highs(hi: number, lo: number, order: number, n: number, out: number, bits: number): number;
  fold_means(hi: number, counts: number, unit: number, order: number, n: number, out: number, bits: number): number;

  fold_extreme_text(
    groups: number,
    offsets: number,
    bytes: number,
    codes: number,
    validity: number,
    n: number,
    starts: number,
    sizes: number,
    heap: number,
    sign: number,
    best: number,
    found: number,
  ): number;
}
