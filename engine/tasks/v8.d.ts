import 'node:v8';

/** The hooks of the serializer that Node documents and its type library leaves out. */
declare module 'node:v8' {
  interface Serializer {
    _setTreatArrayBufferViewsAsHostObjects(flag: boolean): void;
    _getDataCloneError: ErrorConstructor;
  }
}
