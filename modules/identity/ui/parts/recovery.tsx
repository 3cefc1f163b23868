import { agoOf, Button, dayOf, Group, Note, PageHead, TextField, useAsked } from '@anarq/design'
import { type FormEvent, type ReactNode, useCallback, useState } from 'react'
import { useSurroundings } from '../context.ts'
import { lastDrill, missingOf, noWords, phraseOf, spread } from '../logic/words.ts'
import { Unconfirmed } from './unconfirmed.tsx'

const keptEntries = 50

/** The recovery drill. The words leave the fields as soon as they were checked. */
export function Recovery(): ReactNode {
  const { sdk, say, deed } = useSurroundings()
  const [words, setWords] = useState(noWords)
  const [isTried, setTried] = useState(false)
  const [isRight, setRight] = useState<boolean>()
  const missing = missingOf(words)
  const check = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setTried(true)
    setRight(undefined)
    if (missing > 0) return
    const right = await deed.run(() => sdk.identity.drill({ words: phraseOf(words) }))
    setRight(right)
    if (right !== true) return
    setWords(noWords)
    setTried(false)
  }
  return (
    <>
      <PageHead title={say('recovery.title')} text={say('recovery.text')} />
      <Unconfirmed />
      <LastDrill />
      <Group title={say('recovery.words')} text={say('recovery.hint')}>
        <form className="identity-form" onSubmit={(event) => void check(event)} autoComplete="off">
          <div className="identity-words">
            {words.map((word, index) => (
              <TextField
                // biome-ignore lint/suspicious/noArrayIndexKey: the fields are the 24 places, and stay where they are.
                key={index}
                label={say('recovery.word', { number: index + 1 })}
                value={word}
                onChange={(typed) => setWords(spread(words, index, typed))}
                spellCheck="false"
                autoCorrect="off"
                autoComplete="off"
              />
            ))}
          </div>
          <output className="identity-outcome">
            {isRight === true && (
              <Note tone="accent" icon="check">
                <strong>{say('recovery.right')}</strong> {say('recovery.right.text')}
              </Note>
            )}
            {isRight === false && (
              <Note tone="danger" icon="alert">
                <strong>{say('recovery.wrong')}</strong> {say('recovery.wrong.text')}
              </Note>
            )}
            {isTried && missing > 0 && (
              <Note tone="warning" icon="alert">
                {missing === 1 ? say('recovery.missing.one') : say('recovery.missing', { count: missing })}
              </Note>
            )}
          </output>
          <div className="aq-acts">
            <Button look="accent" type="submit" isPending={deed.isBusy}>
              {say('recovery.check')}
            </Button>
            <Button
              onPress={() => {
                setWords(noWords)
                setTried(false)
                setRight(undefined)
              }}
            >
              {say('recovery.clear')}
            </Button>
          </div>
        </form>
      </Group>
    </>
  )
}

function LastDrill(): ReactNode {
  const { sdk, say, locale, events } = useSurroundings()
  const ask = useCallback(() => sdk.guardian.entries({ action: 'recovery.drill', limit: keptEntries }), [sdk])
  const { value } = useAsked(ask, events, 'guardian')
  if (value === undefined) return null
  const { rightMs, wrongMs } = lastDrill(value)
  const now = Date.now()
  const wrong = wrongMs === undefined ? '' : say('recovery.wrong-since', { ago: agoOf(wrongMs, now, locale) })
  const said =
    rightMs === undefined
      ? say('recovery.never')
      : say('recovery.last', { ago: agoOf(rightMs, now, locale), day: dayOf(rightMs, locale) })
  return (
    <div className="identity-last">
      <Note
        tone={rightMs === undefined ? 'warning' : 'accent'}
        icon={rightMs === undefined ? 'key' : 'check'}
      >
        {said} {wrong}
      </Note>
    </div>
  )
}
