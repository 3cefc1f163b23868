/** Paths of the drive: absolute, parts joined by "/", the root is "/". */
export function join(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** True for the folder itself too. */
export function isInside(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`)
}

export type Crumb = { readonly path: string; readonly name: string }

/** From below the root to the folder itself. */
export function crumbsOf(path: string): readonly Crumb[] {
  const parts = path.split('/').filter((part) => part !== '')
  return parts.map((name, i) => ({ name, path: `/${parts.slice(0, i + 1).join('/')}` }))
}

/** What moving things there would mean for each: where it comes from it need not go, and into itself it cannot. */
export function canMove(paths: readonly string[], folder: string): boolean {
  return (
    paths.length > 0 &&
    paths.every((path) => !isInside(folder, path)) &&
    paths.some((path) => parentOf(path) !== folder)
  )
}
