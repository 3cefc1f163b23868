import { holdLock } from '@anarq/sqlite'

/** Takes the lock, says so, and keeps it until it is killed. */
holdLock(process.argv[2] as string)
process.stdout.write('held\n')
setInterval(() => {}, 60_000)
