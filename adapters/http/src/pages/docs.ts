import { type Html, html, page } from './html.ts'

type Schema = { readonly [name: string]: unknown }
type Parameter = { name: string; in: string; required?: boolean; description?: string; schema?: Schema }
type Media = Readonly<Record<string, { schema?: Schema }>>
type Operation = {
  operationId: string
  summary: string
  description?: string
  tags: readonly string[]
  parameters?: readonly Parameter[]
  requestBody?: { content: Media }
  responses: Readonly<Record<string, { description: string; content?: Media }>>
  security?: readonly object[]
}
export type OpenApiDocument = {
  info: { title: string; description?: string }
  tags?: readonly { name: string; description?: string }[]
  paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  components?: { schemas?: Readonly<Record<string, Schema>> }
}

/** The OpenAPI document for people: one page, made here, without a script. */
export function docsPage({ info, tags = [], paths, components }: OpenApiDocument): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const sections = tags.map(
    (tag) =>
      html`<h2 id="${tag.name}">${tag.name}</h2><p>${tag.description}</p>${operations.filter(({ operation }) => operation.tags.includes(tag.name)).map(({ path, method, operation }) => describeOperation(path, method, operation))}`,
  )
  const schemas = Object.entries(components?.schemas ?? {}).map(
    ([name, schema]) => html`<h3 id="schema-${name}">${name}</h3>${describeSchema(schema)}`,
  )
  const links = [...tags.map(({ name }) => name), 'schemas'].map(
    (name) => html`<a href="#${name}">${name}</a>`,
  )
  return page(
    `${info.title}: the API`,
    html`<h1>The API</h1><p><a href="/">${info.title}</a> · <a href="/api/openapi.json">as an OpenAPI 3.1 document</a>, for programs and code generators</p>${prose(info.description ?? '')}<nav>${links}</nav>${sections}<h2 id="schemas">schemas</h2>${schemas}`,
  )
}

function describeOperation(path: string, method: string, operation: Operation): Html {
  const {
    operationId,
    summary,
    description,
    parameters = [],
    requestBody,
    responses,
    security = [],
  } = operation
  const isSigned = security.length === 1
  return html`<h3 id="${operationId}"><span class="method">${method.toUpperCase()}</span> <code>${path}</code></h3>
<p>${summary}. <span class="quiet">${operationId}${isSigned ? ', signed' : ''}</span></p>${description === undefined ? undefined : prose(description)}
<dl>${parameters.map((one) => html`<dt>${one.name} <span class="quiet">${one.in}${one.required === true ? '' : ', optional'}</span></dt><dd>${typeOf(one.schema)} ${one.description ?? describedBy(one.schema)}</dd>`)}
${requestBody === undefined ? undefined : html`<dt>body</dt><dd>${media(requestBody.content)}</dd>`}
${Object.entries(responses).map(([status, answer]) => html`<dt>${status === 'default' ? 'otherwise' : status}</dt><dd>${answer.description} ${media(answer.content ?? {})}</dd>`)}</dl>`
}

function media(content: Media): Html {
  return html`${Object.entries(content).map(([type, { schema }]) => html`<code>${type}</code> ${schema?.properties === undefined ? typeOf(schema) : describeSchema(schema)}`)}`
}

function describeSchema(schema: Schema): Html {
  const properties = Object.entries((schema.properties ?? {}) as Readonly<Record<string, Schema>>)
  const required = new Set(schema.required as readonly string[] | undefined)
  if (properties.length === 0) return html`<p>${typeOf(schema)} ${describedBy(schema)}</p>`
  return html`<dl>${properties.map(([name, one]) => html`<dt>${name}${required.has(name) ? '' : html` <span class="quiet">optional</span>`}</dt><dd>${typeOf(one)} ${describedBy(one)}</dd>`)}</dl>`
}

function typeOf(schema: Schema | undefined): Html {
  if (schema === undefined) return html``
  const reference = typeof schema.$ref === 'string' ? schema.$ref.split('/').at(-1) : undefined
  if (reference !== undefined) return html`<a href="#schema-${reference}">${reference}</a>`
  if (Array.isArray(schema.anyOf))
    return html`${schema.anyOf.map((one: Schema, i) => html`${i === 0 ? '' : ' or '}${typeOf(one)}`)}`
  if (schema.type === 'array') return html`list of ${typeOf(schema.items as Schema)}`
  if (Array.isArray(schema.enum)) return html`${schema.enum.join(' | ')}`
  if (schema.format === 'binary') return html`bytes`
  if (schema.type === 'object' && schema.properties !== undefined)
    return html`{ ${Object.keys(schema.properties as object).join(', ')} }`
  return html`${String(schema.type ?? 'any')}`
}

function describedBy(schema: Schema | undefined): string {
  return typeof schema?.description === 'string' ? schema.description : ''
}

/** Paragraphs, with `code` and **weight**. */
function prose(text: string): Html {
  return html`${text.split('\n\n').map((paragraph) => html`<p>${paragraph.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map(inline)}</p>`)}`
}

function inline(part: string): Html {
  if (part.startsWith('`') && part.length > 1) return html`<code>${part.slice(1, -1)}</code>`
  return part.startsWith('**') && part.length > 3
    ? html`<strong>${part.slice(2, -2)}</strong>`
    : html`${part}`
}
