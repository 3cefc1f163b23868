import type { ReactNode } from 'react'
import { type Block, type Inline, parseMarkdown } from '../logic/markdown.ts'

/** Drawn with elements of our own; React makes text of whatever is in it. */
export function Markdown({ text }: { readonly text: string }): ReactNode {
  return <div className="qd-markdown">{blocks(parseMarkdown(text))}</div>
}

function blocks(all: readonly Block[]): ReactNode {
  // biome-ignore lint/suspicious/noArrayIndexKey: a document that is drawn once has no other names for its parts.
  return all.map((block, i) => <BlockView key={i} block={block} />)
}

function BlockView({ block }: { readonly block: Block }): ReactNode {
  switch (block.kind) {
    case 'heading': {
      const Heading = `h${Math.min(6, block.level + 2)}` as 'h3'
      return <Heading data-level={block.level}>{inlines(block.inside)}</Heading>
    }
    case 'paragraph':
      return <p>{inlines(block.inside)}</p>
    case 'code':
      return (
        <pre>
          <code>{block.text}</code>
        </pre>
      )
    case 'quote':
      return <blockquote>{blocks(block.blocks)}</blockquote>
    case 'rule':
      return <hr />
    case 'list': {
      const items = block.items.map((item, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: as above.
        <li key={i} data-task={item.isDone}>
          {item.isDone !== undefined && (
            <input
              type="checkbox"
              checked={item.isDone}
              disabled
              readOnly
              aria-label={item.isDone ? '✓' : '☐'}
            />
          )}
          {blocks(item.blocks)}
        </li>
      ))
      return block.isOrdered ? <ol start={block.start}>{items}</ol> : <ul>{items}</ul>
    }
    case 'table':
      return (
        <table>
          <thead>
            <tr>
              {block.head.map((cell, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above.
                <th key={i}>{inlines(cell)}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {block.rows.map((row, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: as above.
              <tr key={i}>
                {row.map((cell, j) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: as above.
                  <td key={j}>{inlines(cell)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )
    default:
      return block satisfies never
  }
}

function inlines(all: readonly Inline[]): ReactNode {
  // biome-ignore lint/suspicious/noArrayIndexKey: as above.
  return all.map((one, i) => <InlineView key={i} one={one} />)
}

function InlineView({ one }: { readonly one: Inline }): ReactNode {
  switch (one.kind) {
    case 'text':
      return one.text
    case 'code':
      return <code>{one.text}</code>
    case 'strong':
      return <strong>{inlines(one.inside)}</strong>
    case 'emphasis':
      return <em>{inlines(one.inside)}</em>
    case 'struck':
      return <s>{inlines(one.inside)}</s>
    case 'break':
      return <br />
    case 'link':
      return one.href === undefined ? (
        <span className="qd-dead-link">{inlines(one.inside)}</span>
      ) : (
        <a href={one.href} target="_blank" rel="noopener noreferrer" title={one.href}>
          {inlines(one.inside)}
        </a>
      )
    default:
      return one satisfies never
  }
}
