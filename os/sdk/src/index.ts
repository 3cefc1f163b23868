/**
 * What an app sees of the system, and what answers it. `face.ts` is the typed face; `methods/` has what each call does, what
 * it needs, and what its parameters must look like; `client.ts` gives the face over any way of calling, `browser.ts` over
 * signed requests of a page.
 */

export {
  type AppFacts,
  type AppLaunch,
  type AppOperations,
  type AppPermission,
  type AppPlan,
  type AppPublisher,
  type DataChoice,
  type FeedApp,
  type FeedFacts,
  type IconType,
  iconBytesMax,
} from './app-operations.ts'
export type { BranchHere, BranchOperations, BranchProof } from './branch-operations.ts'
export type { BrowserAsk, BrowserFacts, BrowserOperations } from './browser-operations.ts'
export { type Call, createSdk } from './client.ts'
export { createDispatcher, type Dispatcher, type DispatcherOptions, describeMethods } from './dispatch.ts'
export {
  type AppsSdk,
  type BrowsersSdk,
  type ChildTerms,
  type ConsentSdk,
  type GuardianSdk,
  type IdentitySdk,
  type IndexSdk,
  inlineBytesMax,
  type NetworkFacts,
  type NetworkSdk,
  type Nothing,
  type OthersFacts,
  type Page,
  type Sdk,
  type StorageSdk,
  type SystemSdk,
  type ToolsSdk,
} from './face.ts'
export { createFeed, type Feed, type Happening, observed, type Topic } from './feed.ts'
export type { Caller, Method, MethodContext } from './method.ts'
export type {
  BrokeringFacts,
  ChoiceFacts,
  CircuitFacts,
  CircuitsFacts,
  NeighbourFacts,
  NeighbourhoodFacts,
  NetworkInvitation,
  NetworkOperations,
  NetworkWay,
  NetworkWayFacts,
  NetworkWays,
  NodeNetworkFacts,
  NodeRole,
  PeerFacts,
  SocksFault,
} from './network-operations.ts'
export {
  describeAsked,
  describePermission,
  type Permission,
  type PlainPermission,
  plainPermissions,
  readPermission,
} from './permissions.ts'
export { appFolder, isOwnPlace, placeOf, shellId } from './places.ts'
export type {
  OwnRegisters,
  RegisterChange,
  RegisterClassName,
  RegisterFacts,
  RegisterOperations,
  RegisterProof,
  RegisterVersionFacts,
} from './register-operations.ts'
export type { FitnessRate, OperatorRoleFacts, RolesFacts, TermFacts } from './roles-facts.ts'
export type { JsonSchema, Shape } from './shape.ts'
export type { UploadState } from './upload-state.ts'
export { fromWire, toWire } from './wire.ts'
