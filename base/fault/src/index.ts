/**
 * Faults and outcomes.
 *
 * A `Fault` is what goes wrong and cannot be acted on here; its `code` is stable and starts with a kind that
 * every door maps in one place (HTTP status, exit code). An `Outcome` is what the caller is expected to handle.
 */
export {
  asFault,
  Fault,
  type FaultCode,
  type FaultKind,
  type FaultOptions,
  hasCode,
  kindOf,
} from './fault.ts'
export { failed, type Outcome, ok, unwrap } from './outcome.ts'
