import AjvCompiler from '@fastify/ajv-compiler'
import SerializerSelector from '@fastify/fast-json-stringify-compiler'

type Factory = ReturnType<typeof SerializerSelector>
type ValidatorFactory = ReturnType<typeof AjvCompiler>

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

/** The same for what comes in: a route's schema is compiled when the route is first asked. */
export function createLazyValidators(): ValidatorFactory {
  const select = AjvCompiler()
  return (schemas, options) => {
    const compile = select(schemas, options)
    return (route) => {
      let check: ReturnType<typeof compile> | undefined
      const validate = (data: unknown): unknown => {
        check ??= compile(route)
        const isValid = check(data)
        validate.errors = check.errors
        return isValid
      }
      validate.errors = null as unknown
      // Of a validator Fastify wants what it gives, and then its errors.
      return validate as unknown as ReturnType<typeof compile>
    }
  }
}
