import { Fault } from '@anarq/fault'

/** A decentralised identifier without path, query or fragment, at most 512 characters. */
export type Did = string

/** A UCAN command: `/` (everything), or lower-case segments: `/qnt/read`. It covers itself and all that is under it. */
export type Command = `/${string}`

const didPattern = /^did:[a-z0-9]+:[A-Za-z0-9._:%-]+$/
const didCharactersMax = 512
const commandPattern = /^\/(?:[a-z0-9_~-]+(?:\/[a-z0-9_~-]+){0,7})?$/
const commandCharactersMax = 128

/** `invalid.did` for anything else: a fragment would name a key, and permissions are given to identities. */
export function readDid(value: unknown, what: string): Did {
  if (typeof value === 'string' && value.length <= didCharactersMax && didPattern.test(value)) return value
  throw new Fault(
    'invalid.did',
    `${what} is not an identity: expected a DID such as did:squid:… or did:peer:….`,
  )
}

/** `invalid.command` for anything but slash-separated lower-case segments, at most 8. */
export function readCommand(value: unknown, what: string): Command {
  if (isCommand(value)) return value
  throw new Fault('invalid.command', `${what} is not a command: expected segments such as /qnt/read.`)
}

/** True when `held` is `asked` or a whole-segment prefix of it (https://github.com/ucan-wg/delegation, "Command"). */
export function covers(held: Command, asked: Command): boolean {
  return held === '/' || held === asked || asked.startsWith(`${held}/`)
}

/** The commands above one, nearest first: `/qnt/read` gives `/qnt` and `/`. */
export function commandsAbove(command: Command): readonly Command[] {
  const above: Command[] = []
  for (let at = command.lastIndexOf('/'); at > 0; at = command.lastIndexOf('/', at - 1)) {
    above.push(command.slice(0, at) as Command)
  }
  if (command !== '/') above.push('/')
  return above
}

function isCommand(value: unknown): value is Command {
  return typeof value === 'string' && value.length <= commandCharactersMax && commandPattern.test(value)
}
