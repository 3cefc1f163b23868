/**
 * The WebDAV door: RFC 4918, classes 1, 2 and 3, over the drive of a node as the key of a tool sees it. A plain request
 * listener for a prefix of the node's one port.
 */
export type { Quota } from './call.ts'
export { createWebdav, type Webdav, type WebdavOptions } from './webdav.ts'
