/** Network: the node among others. What it may do stands in manifest.json. */
import type { AppDefinition } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'

export const network: AppDefinition<AppSdk> = {
  id: 'org.anarq.network',
  name: { en: 'Network', es: 'Red' },
  about: { en: 'Your node among others', es: 'Tu nodo entre otros' },
  icon: 'network',
  hue: 170,
  load: () => import('./app.tsx'),
  size: { width: 940, height: 660 },
  isSingle: true,
}
