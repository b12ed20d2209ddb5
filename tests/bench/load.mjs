// How busy the machine is.
import { cpus } from "node:os";

/** With more processor cores in use by other programs, times are not reliable. */
export const BUSY = 0.5;

function processorTimes() {
  const times = cpus().map(({ times }) => times);
  const all = times.flatMap((time) => Object.values(time)).reduce((a, b) => a + b);
  const idle = times.map((time) => time.idle).reduce((a, b) => a + b);
  return { all, used: all - idle };
}

/**
 * How many processor cores other programs use, while this one waits for some milliseconds. The system's load average would include
 * the build that ran just before.
 */
export async function otherLoad(milliseconds) {
  const before = processorTimes();
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  const after = processorTimes();
  return ((after.used - before.used) / (after.all - before.all)) * cpus().length;
}
