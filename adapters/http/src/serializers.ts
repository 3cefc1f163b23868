import SerializerSelector from '@fastify/fast-json-stringify-compiler'

type Factory = ReturnType<typeof SerializerSelector>

/** Each answer's serializer is compiled when it is first given: compiling all of them is most of what starting the door takes. */
export function createLazySerializers(): Factory {
  const select = SerializerSelector()
  return (schemas, options) => {
    const compile = select(schemas, options)
    return (answer) => {
      let serialize: ReturnType<typeof compile> | undefined
      return (data) => {
        serialize ??= compile(answer)
        return serialize(data)
      }
    }
  }
}
