export function DesignPage(): undefined {
  return undefined
}
