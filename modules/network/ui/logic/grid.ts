import type { Neighbourhood } from '../context.ts'

type Member = Neighbourhood['members'][number]
export type GridSeat = { readonly seat: number; readonly member: Member | undefined }

export const gridSide = 5

/** All 25 seats, row by row, with who sits there. */
export function seatsOf(members: readonly Member[]): readonly GridSeat[] {
  const taken = new Map(members.map((member) => [member.row * gridSide + member.column, member]))
  return Array.from({ length: gridSide * gridSide }, (_, seat) => ({ seat, member: taken.get(seat) }))
}
