/** What lies at an https address: bounded in size and time, from public machines alone unless somebody said otherwise. */
export { createWeb, type WebOptions } from './web.ts'
