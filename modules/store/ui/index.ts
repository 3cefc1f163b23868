/** Apps: what is installed, and everything that happens to an app. */
import type { AppDefinition } from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'

export const store: AppDefinition<Sdk> = {
  id: 'org.anarq.store',
  name: { en: 'Apps', es: 'Aplicaciones' },
  about: { en: 'Install, allow, update, remove', es: 'Instalar, permitir, actualizar, quitar' },
  icon: 'store',
  hue: 28,
  load: () => import('./store.tsx'),
  size: { width: 860, height: 640 },
  isSingle: true,
}
