import { Answered, Button, Flags, Group, RadioGroup, Segments, TextField, useAsked } from '@anarq/design'
import { type FormEvent, type ReactNode, useCallback, useState } from 'react'
import { useSurroundings, type WayOf } from '../context.ts'
import { giveIn, isSame, portIn, typedOf, wayIn } from '../logic/way.ts'

const ways = ['off', 'out', 'listen'] as const
const gives = ['automatic', 'none', 'size'] as const

/** How this node meets others: chosen here, unless the line that started it says so. */
export function Way({ isFirst = false }: { readonly isFirst?: boolean }): ReactNode {
  const { sdk, say, events } = useSurroundings()
  const ask = useCallback(() => sdk.network.way({}), [sdk])
  const asked = useAsked(ask, events, 'network')
  return (
    <Answered asked={asked} icon="network" failed={say('here.failed')}>
      {(value) =>
        value.isFixed ? (
          <Group title={say('way')} text={<Flags>{say('way.fixed')}</Flags>} />
        ) : (
          <Choice key={JSON.stringify(value)} before={value} isFirst={isFirst} onChosen={asked.again} />
        )
      }
    </Answered>
  )
}

type ChoiceProps = {
  readonly before: WayOf
  readonly isFirst: boolean
  readonly onChosen: () => void
}

function Choice({ before, isFirst, onChosen }: ChoiceProps): ReactNode {
  const { sdk, say, window, deed } = useSurroundings()
  const [typed, setTyped] = useState(() => typedOf(before))
  const [isTried, setTried] = useState(false)
  const { way, port, give, size } = typed
  const choose = async (): Promise<void> => {
    setTried(true)
    const wanted = wayIn(typed)
    if (wanted === undefined) return
    const chosen = await deed.run(() => sdk.network.setWay(wanted))
    if (chosen === undefined) return
    window.notify({ title: say(`way.${chosen.way}.done`), tone: 'success' })
    onChosen()
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    void choose()
  }
  return (
    <Group title={say('way')} text={say('way.text')}>
      <form className="network-way" onSubmit={submit}>
        <RadioGroup
          label={say('way.label')}
          value={way}
          onChange={(chosen) => setTyped({ ...typed, way: chosen })}
          options={ways.map((one) => ({
            value: one,
            label: say(`way.${one}`),
            hint: say(`way.${one}.text`),
          }))}
        />
        {way === 'listen' && (
          <TextField
            label={say('way.port')}
            hint={say('way.port.text')}
            value={port}
            inputMode="numeric"
            autoComplete="off"
            onChange={(text) => setTyped({ ...typed, port: text })}
            error={isTried && portIn(port) === undefined ? say('way.port.wrong') : undefined}
          />
        )}
        {way !== 'off' && (
          <div className="aq-field">
            <span className="aq-label">{say('way.give')}</span>
            <Segments
              label={say('way.give')}
              value={give}
              onChange={(chosen) => setTyped({ ...typed, give: chosen })}
              options={gives.map((one) => ({ value: one, label: say(`way.give.${one}`) }))}
            />
            <span className="aq-hint">{say(`way.give.${give}.text`)}</span>
          </div>
        )}
        {way !== 'off' && give === 'size' && (
          <TextField
            label={say('way.size')}
            value={size}
            inputMode="decimal"
            autoComplete="off"
            onChange={(text) => setTyped({ ...typed, size: text })}
            error={isTried && giveIn(size) === undefined ? say('way.size.wrong') : undefined}
          />
        )}
        <div className="aq-acts">
          <Button
            type="submit"
            {...(isFirst ? { look: 'accent' } : {})}
            isDisabled={isSame(typed, typedOf(before))}
            isPending={deed.isBusy}
          >
            {say('way.act')}
          </Button>
        </div>
      </form>
    </Group>
  )
}
