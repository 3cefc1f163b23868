import type { App, DoorContext } from '../context.ts'
import { addAccountRoutes } from './account.ts'
import { addAuditRoutes } from './audit.ts'
import { addGuardianRoutes, addShareRoutes, addWardRoutes } from './children.ts'
import { addFileRoutes } from './files.ts'
import { addGatewayRoutes } from './gateway.ts'
import { addHealthRoutes } from './health.ts'
import { addIdentityRoutes } from './identities.ts'
import { addImportRoutes } from './import.ts'
import { addNodeRoutes } from './node.ts'
import { addObjectRoutes } from './objects.ts'
import { addSharingRoutes } from './sharing.ts'
import { addToolRoutes } from './tools.ts'

export function addRoutes(app: App, context: DoorContext): void {
  for (const add of all) app.register(async (scope) => add(scope, context))
}

const all: readonly ((app: App, context: DoorContext) => void)[] = [
  addAccountRoutes,
  addIdentityRoutes,
  addGuardianRoutes,
  addShareRoutes,
  addWardRoutes,
  addFileRoutes,
  addObjectRoutes,
  addImportRoutes,
  addSharingRoutes,
  addAuditRoutes,
  addHealthRoutes,
  addToolRoutes,
  addGatewayRoutes,
  addNodeRoutes,
]
