import { Badge, Button, Dialog, EmptyState, exactlyOf, Facts, saveFile } from '@anarq/design'
import type { ReactNode } from 'react'
import { useSurroundings } from '../context.ts'
import { type Entry, iconOf, proofName, toneOf } from '../logic/log.ts'

type PaneProps = {
  readonly entry: Entry | undefined
  readonly titleOf: (entry: Entry) => string
  readonly onClose: () => void
}

/** What is known of an entry: beside the list, or over it where there is no room. */
export function EntryPane({ entry, titleOf, onClose }: PaneProps): ReactNode {
  const { say, window } = useSurroundings()
  if (window.isNarrow) {
    return (
      <Dialog
        isOpen={entry !== undefined}
        onClose={onClose}
        title={entry === undefined ? '' : titleOf(entry)}
        closeLabel={say('close')}
      >
        {entry !== undefined && <About entry={entry} />}
      </Dialog>
    )
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reached by keys.
    <section className="guardian-pane aq-scroll" aria-label={say('entry.choose')} tabIndex={0}>
      {entry === undefined ? (
        <EmptyState icon="list" title={say('entry.choose')}>
          {say('entry.choose.text')}
        </EmptyState>
      ) : (
        <>
          <h3>{titleOf(entry)}</h3>
          <About entry={entry} />
        </>
      )}
    </section>
  )
}

function About({ entry }: { readonly entry: Entry }): ReactNode {
  const { sdk, say, locale, window, deed, nameOf } = useSurroundings()
  const { index, atMs, action, identity, object, verdict, code, details } = entry
  const prove = async (): Promise<void> => {
    const proof = await deed.run(() => sdk.guardian.prove({ index }))
    if (proof === undefined) return
    saveFile(proofName(index), `${JSON.stringify(proof, undefined, 2)}\n`)
    window.notify({
      title: say('entry.proof.done', { index }),
      text: say('entry.proof.done.text'),
      tone: 'success',
    })
  }
  return (
    <div className="guardian-about">
      <div className="aq-acts">
        <Badge tone={toneOf[verdict]} icon={iconOf[verdict]}>
          {say(`verdict.${verdict}`)}
        </Badge>
        <span className="aq-small">{say('entry.number', { index })}</span>
      </div>
      <Facts
        facts={[
          { name: say('entry.time'), value: exactlyOf(atMs, locale) },
          { name: say('entry.who'), value: nameOf(identity) },
          { name: say('entry.action'), value: <code>{action}</code> },
          ...(object === undefined ? [] : [{ name: say('entry.object'), value: <code>{object}</code> }]),
          ...(code === undefined ? [] : [{ name: say('entry.code'), value: <code>{code}</code> }]),
          ...Object.entries(details).map(([name, value]) => ({ name, value: <code>{String(value)}</code> })),
        ]}
      />
      <div>
        <Button look="accent" icon="download" isWide isPending={deed.isBusy} onPress={() => void prove()}>
          {say('entry.proof')}
        </Button>
      </div>
      <p className="aq-small">{say('entry.proof.text')}</p>
      <code className="aq-command">anarq audit verify {proofName(index)}</code>
    </div>
  )
}
