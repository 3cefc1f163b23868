/** The face of the module that is being built: see `module-package.ts`. */
declare module 'anarq:module' {}
