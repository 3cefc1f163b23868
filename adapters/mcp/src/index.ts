/**
 * The Model Context Protocol door: operations of the SDK as tools for assistants, under the same permissions and the same
 * record as an app's. `table.ts` says which operations, `door.ts` who is let in.
 */
export type { ToolAccess } from './access.ts'
export { createMcpDoor, type McpDoor, type McpDoorOptions } from './door.ts'
