/** What is chosen in a list, as in the best file managers: a press, with Shift from the anchor, with Ctrl one by one. */
export type Selection = {
  readonly chosen: ReadonlySet<string>
  /** Where a range begins. */
  readonly anchor: string | undefined
  /** Where the keyboard is. */
  readonly active: string | undefined
}

export type Press = { readonly isRange: boolean; readonly isToggle: boolean }

export const nothing: Selection = { chosen: new Set(), anchor: undefined, active: undefined }

export function press(
  selection: Selection,
  ids: readonly string[],
  id: string,
  { isRange, isToggle }: Press,
): Selection {
  if (isRange) {
    const range = rangeOf(ids, selection.anchor ?? selection.active ?? id, id)
    const chosen = isToggle ? new Set([...selection.chosen, ...range]) : new Set(range)
    return { chosen, anchor: selection.anchor ?? selection.active ?? id, active: id }
  }
  if (!isToggle) return { chosen: new Set([id]), anchor: id, active: id }
  const chosen = new Set(selection.chosen)
  if (!chosen.delete(id)) chosen.add(id)
  return { chosen, anchor: id, active: id }
}

/** A press on what is chosen already does not let go of the others, so that they can be dragged and have one menu. */
export function pressForMenu(selection: Selection, id: string): Selection {
  return selection.chosen.has(id)
    ? { ...selection, active: id }
    : { chosen: new Set([id]), anchor: id, active: id }
}

export type Step = { readonly by: number } | { readonly to: 'first' | 'last' }

/** The keyboard: arrows move the choice, with Shift they widen it, with Ctrl they only move along. */
export function walk(
  selection: Selection,
  ids: readonly string[],
  step: Step,
  { isRange, isToggle }: Press,
): Selection {
  if (ids.length === 0) return nothing
  const at = selection.active === undefined ? -1 : ids.indexOf(selection.active)
  const wanted =
    'to' in step
      ? step.to === 'first'
        ? 0
        : ids.length - 1
      : at < 0
        ? step.by > 0
          ? 0
          : ids.length - 1
        : at + step.by
  const id = ids[Math.max(0, Math.min(ids.length - 1, wanted))] as string
  if (isToggle && !isRange) return { ...selection, active: id }
  return press(selection, ids, id, { isRange, isToggle: false })
}

export function chooseAll(ids: readonly string[], selection: Selection): Selection {
  return { chosen: new Set(ids), anchor: ids[0], active: selection.active ?? ids[0] }
}

export function chooseMany(ids: readonly string[]): Selection {
  return { chosen: new Set(ids), anchor: ids[0], active: ids.at(-1) }
}

/** After the list changed: what is gone is not chosen any more, and the keyboard stays near where it was. */
export function kept(selection: Selection, before: readonly string[], ids: readonly string[]): Selection {
  const there = new Set(ids)
  const chosen = new Set([...selection.chosen].filter((id) => there.has(id)))
  const active = there.has(selection.active ?? '')
    ? selection.active
    : neighbour(selection.active, before, there)
  const anchor = there.has(selection.anchor ?? '') ? selection.anchor : active
  return { chosen, anchor, active }
}

function neighbour(
  id: string | undefined,
  before: readonly string[],
  there: ReadonlySet<string>,
): string | undefined {
  const at = id === undefined ? -1 : before.indexOf(id)
  if (at < 0) return undefined
  return (
    before.slice(at).find((one) => there.has(one)) ?? before.slice(0, at).findLast((one) => there.has(one))
  )
}

function rangeOf(ids: readonly string[], from: string, to: string): readonly string[] {
  const [a, b] = [ids.indexOf(from), ids.indexOf(to)]
  if (b < 0) return []
  if (a < 0) return [to]
  return ids.slice(Math.min(a, b), Math.max(a, b) + 1)
}

/** The first thing from the active one on whose name begins with what was typed; the same letter again goes on. */
export function findTyped(
  names: readonly { readonly id: string; readonly name: string }[],
  typed: string,
  active: string | undefined,
): string | undefined {
  const text = typed.toLocaleLowerCase()
  const isSame = text.length > 1 && [...text].every((one) => one === text[0])
  const wanted = isSame ? (text[0] as string) : text
  const at = names.findIndex(({ id }) => id === active)
  const from = Math.max(0, at) + (wanted.length === 1 && at >= 0 ? 1 : 0)
  const order = [...names.slice(from), ...names.slice(0, from)]
  return order.find(({ name }) => name.toLocaleLowerCase().startsWith(wanted))?.id
}
