import '@anarq/design/design.css'
import './shell/shell.css'
import './shell/home.css'
import './shell/shelf.css'
import './windows/windows.css'
import './shell/notices.css'
import './shell/phone.css'
import './first-run/first-run.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { browserName } from './client/browser-name.ts'
import { createHttpClient } from './client/http.ts'
import { keepOffline } from './offline/register.ts'

const place = document.getElementById('root')
if (place === null) throw new Error('index.html has no place for the desktop.')
const root = createRoot(place)

if (import.meta.env.DEV && location.pathname === '/design') {
  const { DesignPage } = await import('./design-page/design-page.tsx')
  root.render(<DesignPage />)
} else {
  const client = await createHttpClient(location.origin, browserName(navigator.userAgent))
  root.render(
    <StrictMode>
      <App client={client} />
    </StrictMode>,
  )
  keepOffline()
}
