/** lodash's `has` for keys that are no paths. */
export default (object, key) => object !== null && object !== undefined && Object.hasOwn(object, key);
