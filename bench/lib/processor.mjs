/** Milliseconds the processors worked for this process so far, all threads. */
export function processorMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
