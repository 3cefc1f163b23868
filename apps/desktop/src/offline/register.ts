/** The shell opens without the node: it then says that the node does not answer, which a blank page could not. */
export function keepOffline(): void {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return
  addEventListener('load', () => void navigator.serviceWorker.register('/sw.js').catch(() => undefined))
  if (document.readyState === 'complete')
    void navigator.serviceWorker.register('/sw.js').catch(() => undefined)
}
