/** The help of `flowc` itself, kept free of imports: `flowc --help` prints it without loading anything else. */
export const help = `flowc: dataflow files, checked, planned and run out of core

Usage: flowc COMMAND [options]

Commands:
  run FILE             run a .flow file
  check FILE...        report their errors without running them
  explain FILE         show its logical plan, its optimized plan and its tasks
  fmt FILE...          format files in place
  schema FILE          show the columns of a data file, or of the relations of a flow
  docs [NAME]          explain a verb, a function, an aggregate or a format
  new FOLDER           make a small project that runs
  explain-error CODE   explain an error code, such as FLOW2001
  shuffle              measure a shuffle of made rows through a limited store
  sort-bench           measure an out-of-core sort of made rows

Options:
  -h, --help           this text, or with a command, its options
  -V, --version        the version

Exit codes: 0 done, 1 the run failed, 2 the file or the command line has an error.
`;
