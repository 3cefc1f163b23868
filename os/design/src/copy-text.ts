/** Into the clipboard. Rejects where a browser offers none to this page: without HTTPS it has none for a page from another machine. */
export function copyText(text: string): Promise<void> {
  return navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('This page has no clipboard.'))
}
