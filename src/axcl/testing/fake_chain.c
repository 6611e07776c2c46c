/* The vendor's dependency chain in miniature: each library needs the next, and the DMA library uses a symbol
   of the message library without listing it. One macro selects which library this is. */
#define EXPORT __attribute__((visibility("default")))

#if defined(CHAIN_MESSAGE)
EXPORT int AX_PCIe_GetLocalId(void) {
  return 1;
}
#elif defined(CHAIN_DMA)
extern int AX_PCIe_GetLocalId(void);
EXPORT int axcl_dma_present(void) {
  return 1 + AX_PCIe_GetLocalId();
}
#elif defined(CHAIN_COMM)
extern int axcl_dma_present(void);
EXPORT int axcl_comm_present(void) {
  return 1 + axcl_dma_present();
}
#elif defined(CHAIN_PACKAGE)
extern int axcl_comm_present(void);
EXPORT int axcl_pkg_present(void) {
  return 1 + axcl_comm_present();
}
#endif
