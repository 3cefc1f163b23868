/** Guardian: what it saw, and the log of everything. What it may do stands in manifest.json. */
import type { AppDefinition } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'

export const guardian: AppDefinition<AppSdk> = {
  id: 'org.anarq.guardian',
  name: { en: 'Guardian', es: 'Guardián' },
  about: { en: 'Alerts, decoys, the audit log', es: 'Alertas, señuelos, el registro' },
  icon: 'guardian',
  hue: 215,
  load: () => import('./app.tsx'),
  size: { width: 980, height: 660 },
  isSingle: true,
}
