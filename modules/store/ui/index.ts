/** Apps: what is installed, and everything that happens to an app. */
import type { AppDefinition } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'

export const store: AppDefinition<AppSdk> = {
  id: 'org.anarq.store',
  name: { en: 'Apps', es: 'Aplicaciones' },
  about: { en: 'Install, allow, update, remove', es: 'Instalar, permitir, actualizar, quitar' },
  icon: 'store',
  hue: 28,
  load: () => import('./store.tsx'),
  size: { width: 860, height: 640 },
  isSingle: true,
}
