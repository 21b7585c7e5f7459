/** The help of `flowc` itself, kept free of imports: `flowc --help` prints it without loading anything else. */
export const help = `flowc: dataflow files, checked, planned and run out of core

Usage: flowc COMMAND [options]

Commands:
  run FILE             run a .flow file
  check FILE           report its errors without running it
  explain FILE         show its logical plan, its optimized plan and its tasks
  fmt FILE...          format files in place
  explain-error CODE   explain an error code, such as FLOW2001
  shuffle              measure a shuffle of made rows through a limited store
  sort-bench           measure an out-of-core sort of made rows

Options:
  -h, --help           this text, or with a command, its options
  -V, --version        the version

Exit codes: 0 done, 1 the run failed, 2 the file or the command line has an error.
`;
