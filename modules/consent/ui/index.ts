/** Consent: what was allowed, to whom and by whom. What it may do stands in manifest.json. */
import type { AppDefinition } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'

export const consent: AppDefinition<AppSdk> = {
  id: 'org.anarq.consent',
  name: { en: 'Consent', es: 'Permisos' },
  about: { en: 'What you allowed, and what was allowed you', es: 'Lo que permites y lo que te permiten' },
  icon: 'consent',
  hue: 75,
  load: () => import('./app.tsx'),
  size: { width: 920, height: 640 },
  isSingle: true,
}
