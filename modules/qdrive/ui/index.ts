/** Files: the person's drive as an app. What it may do stands in manifest.json. */
import type { AppDefinition } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'

export { argumentOf } from './logic/place.ts'

export const drive: AppDefinition<AppSdk> = {
  id: 'org.anarq.drive',
  name: { en: 'Files', es: 'Archivos' },
  about: { en: 'Your drive: folders, versions, sharing', es: 'Tu unidad: carpetas, versiones, compartir' },
  icon: 'folder',
  hue: 190,
  load: () => import('./app.tsx'),
  size: { width: 1080, height: 680 },
}
