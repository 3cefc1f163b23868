/** Identities: who one is, here and to others. What it may do stands in manifest.json. */
import type { AppDefinition } from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'

export const identity: AppDefinition<Sdk> = {
  id: 'org.anarq.identity',
  name: { en: 'Identities', es: 'Identidades' },
  about: { en: 'Who you are, your devices, recovery', es: 'Quién eres, tus dispositivos, recuperación' },
  icon: 'identity',
  hue: 285,
  load: () => import('./app.tsx'),
  size: { width: 900, height: 640 },
  isSingle: true,
}
