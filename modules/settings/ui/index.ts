/** Settings: how the desktop looks and speaks, room, backups, keys for tools, and what this node is. */
import type { AppDefinition } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'

export const settings: AppDefinition<AppSdk> = {
  id: 'org.anarq.settings',
  name: { en: 'Settings', es: 'Ajustes' },
  about: {
    en: 'Appearance, language, storage, backups, keys',
    es: 'Apariencia, idioma, espacio, copias, llaves',
  },
  icon: 'settings',
  hue: 232,
  load: () => import('./app.tsx'),
  powers: ['preferences'],
  size: { width: 900, height: 640 },
  isSingle: true,
}
