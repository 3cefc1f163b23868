/** Settings: how the desktop looks and speaks, and what this node is. */
import type { AppDefinition } from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'

export const settings: AppDefinition<Sdk> = {
  id: 'org.anarq.settings',
  name: { en: 'Settings', es: 'Ajustes' },
  about: { en: 'Appearance, language, this node', es: 'Apariencia, idioma, este nodo' },
  icon: 'settings',
  hue: 232,
  load: () => import('./settings.tsx'),
  powers: ['preferences'],
  size: { width: 820, height: 580 },
  isSingle: true,
}
