/**
 * Roles: MasterNodes are drawn for a period out of the agreed state of the network, measure what Operators guarantee, and sign what
 * they saw; whoever has the same reports computes the same uptime, and sees the same Operators lose their role.
 */
export { type Fitness, type FitnessFacts, type FitnessPart, fitnessOf } from './fitness.ts'
export { readKept } from './kept.ts'
export { encodeMessage, type Message, parseMessage } from './messages.ts'
export { parseReport, type Report, type Seen, verifyReport, writeReport } from './report.ts'
export type { Term } from './reports.ts'
export {
  createRoles,
  type Offer,
  type OperatorFacts,
  type Roles,
  type RolesOptions,
  type TermState,
  termOf,
} from './roles.ts'
export { type RolesSettings, rolesSettings } from './settings.ts'
export { type OperatorStanding, reportsNeeded, standingOf, uptimeOf } from './uptime.ts'
