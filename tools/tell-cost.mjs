// For `npm test -- --times`: tells the runner, when a process of tests ends, what it and its children took of the processor.
import { readFileSync, writeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

const runner = 3
/** What Linux counts in, everywhere (`getconf CLK_TCK`). */
const tickMs = 10

const isOfRunner = process.env.ANARQ_TEST_RUNNER === String(process.ppid)
if (isMainThread && isOfRunner) process.on('exit', () => writeSync(runner, String(costMs())))

function costMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000 + childrenMs()
}

/** Of those that ended: utime and stime of children, the fields 16 and 17 of proc(5). Elsewhere than on Linux they are not told. */
function childrenMs() {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1).split(' ')
    return (Number(fields[13]) + Number(fields[14])) * tickMs
  } catch {
    return 0
  }
}
