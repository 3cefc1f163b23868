import type { ReactNode } from 'react'
import { I18nProvider } from 'react-aria-components'
import type { Locale } from './messages.ts'

/** Around everything: the components say what they say themselves (sort orders, "remove") in this language. */
export function DesignProvider({
  locale,
  children,
}: {
  readonly locale: Locale
  readonly children: ReactNode
}): ReactNode {
  return <I18nProvider locale={locale === 'es' ? 'es-ES' : 'en-US'}>{children}</I18nProvider>
}
