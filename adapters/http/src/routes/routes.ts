import type { App, DoorContext } from '../context.ts'
import { addAccountRoutes } from './account.ts'
import { addAppSigningRoute } from './app-signing.ts'
import { addAppRoutes } from './apps.ts'
import { addAuditRoutes } from './audit.ts'
import { addBackupRoutes } from './backups.ts'
import { addGuardianRoutes, addShareRoutes, addWardRoutes } from './children.ts'
import { addDesktopRoutes } from './desktop.ts'
import { addDiskRoutes } from './disk.ts'
import { addFileRoutes } from './files.ts'
import { addGatewayRoutes } from './gateway.ts'
import { addHealthRoutes } from './health.ts'
import { addIdentityRoutes } from './identities.ts'
import { addImportRoutes } from './import.ts'
import { addMediaRoutes } from './media.ts'
import { addNodeRoutes } from './node.ts'
import { addObjectRoutes } from './objects.ts'
import { addPasskeyRoutes } from './passkeys.ts'
import { addSdkRoutes } from './sdk.ts'
import { addSessionRoutes } from './sessions.ts'
import { addSharingRoutes } from './sharing.ts'
import { addStorageRoutes } from './storage.ts'
import { addToolRoutes } from './tools.ts'
import { addUploadRoutes } from './uploads.ts'
import { addWardSessionRoutes } from './ward-sessions.ts'

export function addRoutes(app: App, context: DoorContext): void {
  for (const add of all) app.register(async (scope) => add(scope, context))
}

const all: readonly ((app: App, context: DoorContext) => void)[] = [
  addAccountRoutes,
  addSessionRoutes,
  addWardSessionRoutes,
  addPasskeyRoutes,
  addSdkRoutes,
  addAppRoutes,
  addIdentityRoutes,
  addGuardianRoutes,
  addShareRoutes,
  addWardRoutes,
  addAppSigningRoute,
  addFileRoutes,
  addObjectRoutes,
  addImportRoutes,
  addDiskRoutes,
  addUploadRoutes,
  addMediaRoutes,
  addSharingRoutes,
  addAuditRoutes,
  addHealthRoutes,
  addStorageRoutes,
  addBackupRoutes,
  addToolRoutes,
  addGatewayRoutes,
  addNodeRoutes,
  addDesktopRoutes,
]
