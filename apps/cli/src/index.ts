/** The command line of AnarQ: `run(argv)` does what a person types and resolves to the exit code. */
export { type RunOptions, run } from './run.ts'
