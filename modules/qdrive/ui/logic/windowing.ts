/** Which rows of a long list are drawn: those in sight, and a few on each side. */
export type Shape = {
  readonly count: number
  readonly columns: number
  readonly rowHeight: number
  readonly height: number
  readonly scrolled: number
}
export type Window = {
  readonly from: number
  readonly to: number
  readonly offset: number
  readonly total: number
}

const overscanRows = 6

export function windowOf({ count, columns, rowHeight, height, scrolled }: Shape): Window {
  const rows = Math.ceil(count / columns)
  const total = rows * rowHeight
  const top = Math.max(0, Math.min(scrolled, total - height))
  const first = Math.max(0, Math.floor(top / rowHeight) - overscanRows)
  const last = Math.min(rows, Math.ceil((top + height) / rowHeight) + overscanRows)
  return { from: first * columns, to: Math.min(count, last * columns), offset: first * rowHeight, total }
}

/** Where to scroll so that an item is in sight; undefined where it is. */
export function scrollFor(
  index: number,
  { columns, rowHeight, height, scrolled }: Shape,
): number | undefined {
  const top = Math.floor(index / columns) * rowHeight
  if (top < scrolled) return top
  const bottom = top + rowHeight
  return bottom > scrolled + height ? bottom - height : undefined
}

export type Box = {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** The items that a frame drawn with the mouse touches; tiles have a width, rows go all the way. */
export function touchedBy(box: Box, shape: Shape & { readonly width: number }): readonly number[] {
  const { columns, rowHeight, count, width } = shape
  const column = width / columns
  const rows = [Math.max(0, Math.floor(box.top / rowHeight)), Math.floor(box.bottom / rowHeight)] as const
  const lanes = [
    Math.max(0, Math.floor(box.left / column)),
    Math.min(columns - 1, Math.floor(box.right / column)),
  ] as const
  const touched: number[] = []
  for (let row = rows[0]; row <= rows[1]; row += 1)
    for (let lane = lanes[0]; lane <= lanes[1]; lane += 1) {
      const index = row * columns + lane
      if (index < count) touched.push(index)
    }
  return touched
}
